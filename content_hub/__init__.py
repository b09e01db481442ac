"""The content hub (内容中台): what we have to say. Knows no customer and no channel."""
