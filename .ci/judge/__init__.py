"""What `.ci/messages.py` judges messages by."""
