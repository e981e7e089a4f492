#!/usr/bin/env python3
"""Invalidates a Redis cache by product id whenever a product changes.

    cache_invalidator.py [--bootstrap HOST:PORT] [--topic NAME] [--group NAME] [--redis URL | --print] [--idle SECONDS]

It is a member of a consumer group and commits after each batch it has acted on, so that it goes on where it was after a
stop. Deletes are seen by their tombstone or by `before`; either way the key names the product. With --idle it ends once
nothing came for so long, which scripts like.
"""

import argparse
import json
import signal
import sys

from kafka import KafkaConsumer


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bootstrap", default="localhost:9092")
    parser.add_argument("--topic", default="dukaan.public.products")
    parser.add_argument("--group", default="cache-invalidator")
    parser.add_argument("--redis", default="redis://localhost:6379/0")
    parser.add_argument("--print", action="store_true", dest="show", help="print instead of talking to Redis")
    parser.add_argument("--idle", type=float, help="end after so many seconds without a record")
    return parser.parse_args()


def product_id(key):
    """The id in a record's key, with schemas or without."""
    document = json.loads(key)
    return document.get("payload", document)["id"]


def main():
    options = arguments()
    cache = None
    if not options.show:
        import redis
        cache = redis.Redis.from_url(options.redis)
    consumer = KafkaConsumer(
        options.topic, bootstrap_servers=options.bootstrap, group_id=options.group, enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    idle = 0.0
    try:
        while options.idle is None or idle < options.idle:
            batch = consumer.poll(timeout_ms=500)
            idle = 0.0 if batch else idle + 0.5
            for records in batch.values():
                for record in records:
                    if record.key is None:
                        continue
                    name = f"product:{product_id(record.key)}"
                    if cache:
                        cache.delete(name)
                    print(f"{record.topic} {record.partition}:{record.offset} invalidated {name}", flush=True)
            if batch:
                # Only what has been acted on is committed: a stop in between repeats, and deleting twice does no harm.
                consumer.commit()
    except KeyboardInterrupt:
        pass
    finally:
        consumer.close()


main()
