"""TikTok Shop Partner API, 202309 and newer."""
