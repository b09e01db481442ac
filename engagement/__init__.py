"""Engagement (运营与跟进): who does what next. Talks to customers only through channels."""
