"""Tags: keys and values of an organization or a project, bound to resources, which conditions of policies ask for."""
