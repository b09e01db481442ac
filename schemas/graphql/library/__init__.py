"""The library (素材库) as GraphQL tells it: materials, tags, campaigns, the shelf.

``shapes`` are the types, ``questions`` the root fields that ask, ``verbs`` those that change.
"""
