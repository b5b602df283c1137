"""Slack messages that go out on their own: prompts, alerts, reports."""
