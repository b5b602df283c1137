"""Use cases: what happens between TikTok Shop, Shopify and our store. Knows no Slack."""
