"""What is run after provisioning: `python -m scripts COMMAND`, with Google's own clients."""
