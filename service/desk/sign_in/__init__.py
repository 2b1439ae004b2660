"""Who may open the desk: passwords, second factors, providers, sessions."""
