"""`heliograph demo`: a real application, a real fault, a real notification, from start to end."""
