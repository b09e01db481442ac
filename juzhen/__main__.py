"""``python -m juzhen`` (命令行): the same as the ``juzhen`` command."""

from juzhen.cli import main

main()
