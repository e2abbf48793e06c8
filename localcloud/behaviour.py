"""Settings for everything the documentation leaves open, and for speed.

Facts are code; what is not known about the real service is a setting here, with the reason beside it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Behaviour:
    """How the local cloud behaves where the real one is slow, unknown or contradictory.

    All durations are in seconds unless the name says otherwise.
    """

    #: Added to every cloud call (not to control calls).
    latency_ms: float = 0.0
    #: Time a new rule stays ``starting``. The real service takes 3 to 5 minutes.
    rule_start_seconds: float = 0.5
    #: Time a deleted rule stays ``closing``. The real service takes minutes to half an hour.
    rule_close_seconds: float = 0.5
    #: Copy speed of each rule; 0 means as fast as this machine can.
    objects_per_second: float = 0.0
    #: Time until a changed RAM or bucket policy is effective. No number is published.
    policy_propagation_seconds: float = 0.0
    #: Largest accepted difference between a request's date and the clock. 15 minutes is widely quoted, not documented.
    clock_skew_seconds: float = 900.0
    #: Whether a bucket policy that names an account's UID also covers that account's RAM users and roles. Unknown.
    account_principal_covers_users: bool = False
    #: Whether PutBucketReplication needs ``ram:PassRole`` from the caller. No OSS page mentions it.
    require_pass_role: bool = False
    #: Whether GetBucketReplication hides SyncRole on rules without KMS settings, as support tickets report.
    hide_sync_role: bool = True
    #: Whether a new or modified bucket policy with ``acs:SourceIp`` but no ``acs:SourceVpc`` is refused.
    require_source_vpc: bool = True
    #: Whether deleting an unknown rule answers 404 (one page) or 200 (another).
    delete_unknown_rule_is_error: bool = True
    #: How a non-owner without rights sees a foreign bucket: ``AccessDenied`` (403) or ``NoSuchBucket`` (404).
    foreign_bucket_error: str = "AccessDenied"
    #: HTTP status of throttling answers of RAM; not confirmed.
    throttling_status: int = 429
    #: Whether throttling answers of RAM and KMS say how long to wait (``x-acs-retry-after``, milliseconds). The SDKs
    #: read that header; no page mentions it. Those of OSS always do (``x-oss-qos-delay-time``).
    throttling_says_when: bool = False
    #: Buckets that one account may create in one region; seeded ones count, but may exceed it.
    max_buckets_per_region: int = 100
    #: Replication rules of one bucket, in both directions together. Published; the vendor raises quotas on request.
    rules_per_bucket: int = 100
    #: Whether putting a bucket that the caller owns already is 409, as the API page says. The page on HTTP 409 and
    #: the Node.js SDK's manual have 409 only when region, storage class or redundancy differ.
    recreate_own_bucket_is_error: bool = False
    #: Whether ``?`` is a wildcard in a policy's actions and resources. RAM's pages say so, the OSS pages do not.
    question_mark_wildcard: bool = True
    #: Whether a role's ARN has the name in lower case, as in several tutorials; the API samples keep its case.
    lower_case_role_arn: bool = False
    #: RAM calls per second, account and API before they are throttled; 0 means unlimited. Published quotas: 100 reads,
    #: 20 writes, of which 10 for Detach calls.
    ram_reads_per_second: int = 0
    ram_writes_per_second: int = 0
    ram_detaches_per_second: int = 0
    #: KMS calls per second, account and region; 0 means unlimited. Published: 10 CreateKey, 30 other changes, 50
    #: queries, 1,000 symmetric operations.
    kms_creates_per_second: int = 0
    kms_changes_per_second: int = 0
    kms_queries_per_second: int = 0
    kms_crypto_per_second: int = 0
    #: OSS calls per second and account; 0 means unlimited. Published: 10,000.
    oss_requests_per_second: int = 0
    #: Whether the published quotas hold wherever one of the seven numbers above is 0.
    published_quotas: bool = False
    #: Code (HTTP 403) when a rule's role cannot be used. Support cases name ``NoPermission``, the API page
    #: ``AccessDenied``.
    replication_role_error: str = "NoPermission"
    #: Code (HTTP 400, EC 0031-00000053) when the versioning states of a rule's buckets differ. The EC page gives none;
    #: this is the one that the page on HTTP 400 gives for a difference of versioning states.
    versioning_mismatch_code: str = "InvalidBucketStatus"
    #: Whether a rule is refused whose prefix ends with ``*`` or contains the bucket's name. The troubleshooting page
    #: says not to do so; it reads as if the rule is accepted, and nothing is copied.
    refuse_misleading_prefixes: bool = False
    #: Whether the caller of PutBucketReplication needs ``oss:ReplicateGet`` on the source when the rule names a role.
    #: The API page lists that right without saying whose it is.
    caller_needs_replicate_get: bool = False
    #: Time between two attempts to copy what a missing right or key holds up. No number is published.
    replication_retry_seconds: float = 0.5
    #: Time until Replication Time Control is effective. The real service takes 15 minutes, or an hour after history.
    rtc_enable_seconds: float = 0.5
    #: How the progress shows NewObject: ``iso8601`` as in every sample, or ``rfc1123`` as in the prose.
    new_object_style: str = "iso8601"
    #: Whether NewObject moves on while nobody writes. The page calls it the time up to which data is replicated, and
    #: does not say what it shows in an idle bucket; otherwise it stays at the latest change that was copied.
    watermark_moves_when_idle: bool = True
    #: Whose storage class a replica gets: that of the ``source`` object or of the ``destination`` bucket. Not
    #: documented.
    replica_storage_class: str = "source"
    #: Error code for changing the versioning state of a bucket that is being replicated or retained. Not documented.
    versioning_locked_code: str = "InvalidBucketState"
    #: Region of KMS calls whose endpoint names none, as with one base URL for all products; empty means all regions.
    kms_region: str = ""
    #: HTTP status of KMS's ``Forbidden.NoPermission``: 400 on the page of CreateKey, 403 on those of the secrets.
    kms_no_permission_status: int = 403
    #: Error code (HTTP 409) for an alias that is taken. CreateAlias' page has none; the pages of secrets have this one.
    kms_alias_exists_code: str = "Rejected.ResourceExist"
    #: Time until an account that no key is shared with any more stops counting. The real service takes 5 minutes.
    kms_share_release_seconds: float = 0.0
    #: Whether a key policy's Allow for the key's whole account (``acs:ram::<uid>:*`` or ``:root``) is enough for RAM
    #: users and roles of that account. The page on key policies reads so; "Create a key" says of the default policy
    #: that it lets the account itself use the key, so that others still need a RAM policy.
    key_policy_account_covers_users: bool = False
    #: Rights on the key that an upload needs, separated by commas. The page "Server-side encryption" also lists
    #: ``kms:List*``, ``kms:DescribeKey`` and ``kms:Decrypt``; they are taken to be what its console calls.
    sse_kms_upload_rights: str = "kms:GenerateDataKey"
    #: Whether a rule's role needs ``kms:Decrypt`` on the keys of the source's objects. The page on replication across
    #: accounts gives the role a system policy, which covers every key, and names no minimum.
    role_decrypts_source: bool = True
    #: Whether PutBucketReplication checks that the rule's KMS key is enabled and may be used by the role. Not
    #: documented; the key's region is always checked.
    replication_checks_kms_key: bool = False
    #: Whether PutBucketReplication refuses a bare key id when the destination belongs to another account. KMS finds a
    #: foreign key by its ARN only, and the cross-account page tells to give the ARN; what OSS does is not documented.
    foreign_replica_key_needs_arn: bool = True
