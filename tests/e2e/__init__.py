"""The real engine on a real emulator: what a person sees of `pulumi up`, refresh, import and destroy."""
