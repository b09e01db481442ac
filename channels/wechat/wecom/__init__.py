"""WeCom (企业微信): customers of reps, their groups and tags, and what reps are asked to send."""
