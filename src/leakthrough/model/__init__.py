"""What is simulated: frozen models of a scenario and a campaign, and their documents."""
