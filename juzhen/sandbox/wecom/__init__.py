"""WeCom's twin (企业微信分身): a corporation, its reps and their customers, on this machine."""
