"""What voters see in their browsers: languages, texts, and the page that answers a form."""
