"""One round of what a sender does for posts and for messages, as `juzhen.worker` has its duties."""


def publish_due(publishing):
    """Everything that should be shown by now is asked for; says how much was done."""
    return publishing.rescue() + publishing.plan() + publishing.carry()


def send_due(publishing):
    """Everything that is due to single persons is said; says how much was done."""
    return publishing.gate() + publishing.carry()
