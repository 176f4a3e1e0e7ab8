"""The organisers' service: it defines, opens, closes and cuts polls, by writing their log."""
