"""How the app's functions come to be: each is wrapped by us first, and registered with azure-functions then."""
