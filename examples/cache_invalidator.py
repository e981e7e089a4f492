#!/usr/bin/env python3
"""Keeps a Redis cache honest: forgets product:ID whenever that product, or an order of it, changes in Postgres.

    pip install -r requirements.txt
    python3 cache_invalidator.py --bootstrap localhost:9092 --topics dukaan.public.products,dukaan.public.orders \\
                                 --redis redis://localhost:6379/0

It reads as member of a consumer group and commits an offset only after the cache forgot the key, so it may be stopped or
killed at any time: the next one resumes there, and nothing is missed (a key may be forgotten twice, which does no harm).
Without --redis it only says what it would forget. It reads Debezium's envelope as well as unwrapped rows (dukaan.json),
with or without schemas.
"""

import argparse
import json
import signal
import sys

from kafka import KafkaConsumer


def document(data):
    """The JSON in a key or value, without its schema; None for a tombstone."""
    if data is None:
        return None
    parsed = json.loads(data)
    if isinstance(parsed, dict) and parsed.keys() == {"schema", "payload"}:
        return parsed["payload"]
    return parsed


def row(value):
    """The row as it is now, or as it was before its end, and what happened to it."""
    if not isinstance(value, dict):
        return {}, "tombstone"
    if "op" in value and "source" in value:
        operation = {"r": "read", "c": "create", "u": "update", "d": "delete"}.get(value["op"], value["op"])
        return value.get("after") or value.get("before") or {}, operation
    return value, "delete" if value.get("__deleted") == "true" else "change"


def product_of(topic, key, value):
    """The id of the product a record is about, and what happened."""
    columns, operation = row(value)
    if topic.endswith(".products"):
        return (key or columns or {}).get("id"), operation
    return columns.get("product_id"), operation


class Printed:
    """Stands in for Redis."""

    def delete(self, _key):
        return 0


def cache(url):
    if not url:
        return Printed()
    import redis  # only who has a cache needs the client

    return redis.Redis.from_url(url)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bootstrap", default="localhost:9092")
    parser.add_argument("--topics", default="dukaan.public.products,dukaan.public.orders")
    parser.add_argument("--group", default="cache-invalidator")
    parser.add_argument("--redis", metavar="URL", help="such as redis://localhost:6379/0; without it: only print")
    arguments = parser.parse_args()

    consumer = KafkaConsumer(
        *arguments.topics.split(","), bootstrap_servers=arguments.bootstrap, group_id=arguments.group,
        enable_auto_commit=False, auto_offset_reset="earliest", metadata_max_age_ms=2000,
    )
    store, going = cache(arguments.redis), [True]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: going.clear())

    while going:
        batches = consumer.poll(timeout_ms=200)
        for records in batches.values():
            for record in records:
                product, operation = product_of(record.topic, document(record.key), document(record.value))
                if product is None or operation == "tombstone":
                    continue
                store.delete(f"product:{product}")
                print(f"forget product:{product:<4} {operation:<7} {record.topic}@{record.offset}", flush=True)
        if batches:
            consumer.commit()
    consumer.close()


if __name__ == "__main__":
    sys.exit(main())
