"""Video platforms (视频平台): Douyin, and hand-offs to platforms without a publishing interface."""
