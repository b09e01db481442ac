"""The demo's shops and its advertiser (演示店铺与广告): orders and leads come in by themselves.

The sandbox plays both sides of them; whoever orders or leaves a contact on its pages turns up among
the customers. Places nothing.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from channels.video.grants import Granted
from juzhen.demo.company import BY
from juzhen.sandbox.accounts import AdAccount
from kernel.events import Ecosystem
from kernel.secret import Secret

if TYPE_CHECKING:
    from juzhen.wiring import Platform

SHOPS = (("meituan", "禾嘉到店 · 本地生活"), ("ark", "禾嘉小红书店铺"))
ADS = "ocean"
_ADVERTISER = AdAccount(code=ADS, name="", app_id="", secret="").advertiser


def opened(platform: Platform, sandbox_url: str) -> list[dict[str, Any]]:
    """Open them, and say what the sandbox must know."""
    return [*(_shop(platform, *each) for each in SHOPS), _advertiser(platform, sandbox_url)]


def _shop(platform: Platform, dialect: str, name: str) -> dict[str, Any]:
    key = secrets.token_hex(16)
    shop = platform.accounts.add(
        code=f"shop_{dialect}", name=name, kind="commerce", ecosystem=Ecosystem.COMMERCE, by=BY,
        settings={"dialect": dialect}, secrets={"sign_key": key},
    )  # fmt: skip
    return {"kind": "shop", "code": shop.code, "name": name, "dialect": dialect, "sign_key": key}


def _advertiser(platform: Platform, sandbox_url: str) -> dict[str, Any]:
    """Who owns the advertiser has said yes already."""
    secret, name = secrets.token_hex(16), "禾嘉巨量广告"
    account = platform.accounts.add(
        code=ADS, name=name, kind="ocean_engine", ecosystem=Ecosystem.VIDEO, by=BY,
        settings={"app_id": "demo-ads", "advertisers": str(_ADVERTISER),
                  "base_url": f"{sandbox_url}/ocean"},
        secrets={"app_secret": secret},
    )  # fmt: skip
    tokens = {kind: secrets.token_hex(20) for kind in ("access", "refresh")}
    platform.grants.keep(
        account.id,
        Granted(
            creator=str(_ADVERTISER), access=Secret(tokens["access"]),
            refresh=Secret(tokens["refresh"]), seconds=timedelta(days=1).total_seconds(),
            refresh_seconds=timedelta(days=30).total_seconds(),
        ),
        by=BY,
    )  # fmt: skip
    return {
        "kind": "ocean", "code": ADS, "name": name, "app_id": "demo-ads", "secret": secret,
        "granted": tokens,
    }  # fmt: skip
