"""May this release go out?"""
