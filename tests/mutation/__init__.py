"""Small errors put into the source one by one: which of them do the tests notice?"""
