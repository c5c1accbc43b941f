"""Policy as code: what every environment must be like, as rules over the resources that a program declares."""
