"""What the commands of `hl7v2` do: files of messages, the store's API, and messages as people read them."""
