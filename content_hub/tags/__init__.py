"""Tags (标签): a taxonomy with facets, a tree, synonyms and pinyin; merged tags redirect.

Does not decide who may tag, and does not know what a tagged material says.
"""

from content_hub.tags.records import FACETS, Facet, Tag, TagAct, Tagging
from content_hub.tags.taxonomy import Branch, Taxonomy
from content_hub.tags.tree import TagTree

__all__ = ["FACETS", "Branch", "Facet", "Tag", "TagAct", "TagTree", "Tagging", "Taxonomy"]
