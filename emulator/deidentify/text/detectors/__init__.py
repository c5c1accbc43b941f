"""What finds infoTypes: forms and check digits, words that announce something, lists of names and places."""
