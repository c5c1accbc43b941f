"""The Pulumi program, and the components that it is made of, which other programs may use: docs/components.md."""
