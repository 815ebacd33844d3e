"""The chaos test of README.md in Python, with nothing but its standard library.

    UNDELIVERABLE_URL=http://127.0.0.1:3000 PROFILE=exchange-5.5-sp4 python3 chaos_test.py
"""
import json
import os
import unittest
import urllib.request
import uuid

SERVICE = os.environ.get('UNDELIVERABLE_URL', 'http://127.0.0.1:3000')
PROFILE = os.environ.get('PROFILE', 'exchange-5.5-sp4')
# Longer than the service ever waits.
TIMEOUT_SECONDS = 150


def call(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {} if body is None else {'content-type': 'application/json'}
    request = urllib.request.Request(SERVICE + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
        text = response.read()
    return json.loads(text) if text else None


class MovedInMidDelivery(unittest.TestCase):
    def setUp(self):
        name = f'py-{uuid.uuid4().hex[:12]}'
        self.site = f'/sites/{name}'
        call('POST', '/sites', {
            'name': name,
            'profile': PROFILE,
            'servers': ['nyc', 'lon'],
            'mailboxes': [
                {'alias': 'anna', 'server': 'nyc', 'alternateRecipient': 'bob',
                 'deliverToBoth': True},
                {'alias': 'bob', 'server': 'nyc'},
                {'alias': 'carol', 'server': 'nyc'},
            ],
        })
        self.addCleanup(call, 'DELETE', self.site)

    def test_nobody_is_lost(self):
        fault = call('POST', f'{self.site}/faults', {
            'match': {'event': 'mail.offered', 'mailbox': 'anna'},
            'when': {'nth': 1},
            'do': {'move': {'mailbox': 'anna', 'to': 'lon'}, 'holdUntil': 'locked'},
        })
        call('POST', f'{self.site}/messages', {'from': 'carol', 'to': ['anna']})
        idle = call('POST', f'{self.site}/clock', {'until': 'idle'})
        self.assertEqual(idle['blockedBy'], [])
        audit = call('GET', f'{self.site}/audit?rest=20s')
        self.assertTrue(audit['atRest'])
        self.assertEqual(call('GET', f"{self.site}/faults/{fault['id']}")['hits'], 1)
        self.assertEqual([each['address'] for each in audit['lost']], [])


if __name__ == '__main__':
    unittest.main()
