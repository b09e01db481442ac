"""The scripts (迁移脚本), in the order of their numbers. Once landed, none changes."""
