"""Making files (制作文件): the demo company's pictures, documents and videos, drawn by ourselves.

Nothing is downloaded and no font is needed. Knows neither materials nor accounts.
"""

from juzhen.demo.making.documents import document
from juzhen.demo.making.pictures import MOTIFS, picture
from juzhen.demo.making.videos import video

__all__ = ["MOTIFS", "document", "picture", "video"]
