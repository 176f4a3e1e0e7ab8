"""What voters read in their browsers: languages, words, and the page that answers a form."""
