"""The shapes of request bodies, and no rules: wrong types are refused while the JSON is read."""
