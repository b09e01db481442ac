"""Douyin's limits (抖音限额): what the platform allows, as it was told in 2026. The twin's own."""

ACCESS_SECONDS = 15 * 86_400
REFRESH_SECONDS = 30 * 86_400
RENEWALS = 5
CODE_SECONDS = 600
DIRECT_BYTES = 128_000_000
PART_BYTES = 5_000_000
"""No part but the last may be smaller."""
TEXT_CHARACTERS = 1_000
PICTURES = 30
PAGE = 20
REPLY_SECONDS = 86_400
CREATED_A_DAY = 75

SAYS = {
    10007: "authorization code expired or used",
    10008: "access token invalid",
    10010: "refresh token expired, authorize again",
    10020: "refresh token renewed too often",
    2100004: "system busy",
    2100005: "parameter invalid",
    2111001: "sensitive words",
    2113001: "material refused",
    2114007: "published too often today",
    2190002: "access token invalid",
    2190003: "not authorized by the user",
    2190008: "access token expired",
}
