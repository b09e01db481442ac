"""Broadcasts (群发): the same said to everybody in a segment, each person once.

``record`` is the row, ``keeper`` makes, pauses and counts them, ``planning`` turns the audience
into deliveries a slice at a time. Whom it may reach is said by the touch policy.
"""
