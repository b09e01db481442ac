"""Articles (图文草稿): a post as a draft on the platform, its pictures uploaded once.

Shows nothing to anybody: a draft is submitted, sent or previewed by others.
"""

from __future__ import annotations

import io
from functools import cache

from channels.base import Asset, Busy, Post, Refused
from channels.wechat.uploads import Uploads
from channels.wechat.wire import UNKNOWN_MEDIA, Wire, text
from kernel.crash import crash_point, declare

COVER = declare("wechat.cover_uploaded", "the cover is on the platform; there is no draft")
PICTURES = declare("wechat.pictures_uploaded", "all pictures are on the platform; no draft")


class Articles:
    """The drafts of one account."""

    def __init__(self, wire: Wire, uploads: Uploads, account: str) -> None:
        self._wire = wire
        self._uploads = uploads
        self._account = account

    def draft(self, post: Post, key: str) -> str:
        """Keep it as a draft; the platform's number of it. `Busy` if it lost a picture of ours."""
        try:
            return self._draft(post, key)
        except Refused as no:
            if no.facts.get("errcode") in UNKNOWN_MEDIA:
                self._uploads.forget(self._account)
                raise Busy("platform_lost_a_picture", seconds=1) from no
            raise

    def drop(self, draft: str) -> None:
        """Take a draft away again. Doing so twice does no harm."""
        self._wire.ask("/cgi-bin/draft/delete", harmless=UNKNOWN_MEDIA, media_id=draft)

    def _draft(self, post: Post, key: str) -> str:
        cover = self._cover(post.cover or _plain_cover())
        crash_point(COVER)
        body = self._body(post)
        crash_point(PICTURES)
        article = {
            "title": post.title,
            "digest": post.summary,
            "content": body,
            "thumb_media_id": cover,
            "content_source_url": marked(post.link, key),
        }
        return text(self._wire.ask("/cgi-bin/draft/add", articles=[article]), "media_id")

    def _cover(self, cover: Asset) -> str:
        def upload(asset: Asset) -> str:
            path = "/cgi-bin/material/add_material"
            return text(self._wire.upload(path, asset, type="image"), "media_id")

        return self._uploads.once(self._account, "cover", cover, upload)

    def _body(self, post: Post) -> str:
        """Pictures from elsewhere are left out by the platform, so ours are uploaded there."""

        def upload(asset: Asset) -> str:
            return text(self._wire.upload("/cgi-bin/media/uploadimg", asset), "url")

        body = post.body
        for picture in post.images:
            address = self._uploads.once(self._account, "body", picture, upload)
            body = body.replace(f'src="{picture.name}"', f'src="{address}"')
        return body


def marked(link: str, key: str) -> str:
    """Our link, carrying our key, so that we can find the article again."""
    return f"{link}#{key}"


@cache
def _plain_cover() -> Asset:
    """An article needs a cover; one without gets a plain one, the same every time."""
    from PIL import Image

    drawn = io.BytesIO()
    Image.new("RGB", (900, 383), (38, 84, 124)).save(drawn, "JPEG", quality=80)
    return Asset(name="cover", content_type="image/jpeg", data=drawn.getvalue())
