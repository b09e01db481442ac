"""Files on S3 (对象存储): see `stores.files` for what it promises."""

from stores.s3.engine import S3
from stores.s3.places import Place, place

__all__ = ["S3", "Place", "place"]
