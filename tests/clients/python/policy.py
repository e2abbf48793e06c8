"""The bucket policy that Python clients put."""

from __future__ import annotations

POLICY = {
    "Version": "1",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["oss:GetObject"],
            "Principal": ["1000000000000002"],
            "Resource": ["acs:oss:*:1000000000000001:client-src/*"],
        }
    ],
}
