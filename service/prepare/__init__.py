"""Answers the one question of delivery: what are these messages, and may they still go out?"""
