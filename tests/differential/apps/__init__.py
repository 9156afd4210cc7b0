"""Small applications by area; each is one function `build(api)` with the exchanges to try on it."""
