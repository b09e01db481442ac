"""Materials (素材): what the company has to say, kept once, whatever channel shows it.

Made, edited, tagged and registered by reference here. Nothing in here says when or where a
material is shown (that is the shelf), or who may see which.
"""

from content_hub.materials.keeper import BATCH, Materials
from content_hub.materials.making import New
from content_hub.materials.records import Material, document_of, subjects_of, texts_of
from content_hub.materials.tagging import Wish

__all__ = [
    "BATCH", "Material", "Materials", "New", "Wish", "document_of", "subjects_of", "texts_of",
]  # fmt: skip
