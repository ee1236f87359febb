"""The model: frozen models of scenarios and campaigns, and their documents."""
