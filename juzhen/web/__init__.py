"""What listens (对外的门): one front, and behind it a blueprint a door. Decides nothing itself."""
