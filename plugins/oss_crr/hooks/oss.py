"""What this package does with OSS: bucket settings and replication rules, besides objects."""

from __future__ import annotations

from oss_crr.errors import NotFound
from oss_crr.hooks import oss_xml
from oss_crr.hooks.oss_client import OssRequest
from oss_crr.hooks.oss_objects import PAGE_SIZE, OssObjects
from oss_crr.model import (
    BucketInfo,
    Progress,
    ReplicationLocations,
    Retention,
    Rule,
    RuleSpec,
)

NO_RULE_CODES = ("NoSuchReplicationRule", "NoSuchReplicationConfiguration")


class OssApi(OssObjects):
    """OSS in one region, with the rights of one account. Safe to use from several threads.

    Each method raises errors of :mod:`oss_crr.errors`: NotFound for a missing bucket, PermissionDenied for a missing
    right, Conflict for a bucket in another region, and so on as :mod:`oss_crr.hooks.translate` tells.
    """

    def get_bucket_info(self, bucket: str) -> BucketInfo:
        """Return a bucket's description."""
        request = OssRequest("GET", "oss:GetBucketInfo", bucket, params={"bucketInfo": ""})
        return self._read(request, oss_xml.bucket_info)

    def list_buckets(self) -> dict[str, str]:
        """Return the regions of all buckets of the account by bucket name, whichever region is asked."""
        regions: dict[str, str] = {}
        params = {"max-keys": str(PAGE_SIZE)}
        while True:
            page = self._read(OssRequest("GET", "oss:ListBuckets", "", params=params), oss_xml.bucket_page)
            regions |= page.regions
            if page.next_marker is None:
                return regions
            params = {**params, "marker": page.next_marker}

    # --- bucket policy -----------------------------------------------------------------------------------------------

    def get_bucket_policy(self, bucket: str) -> str | None:
        """Return a bucket's policy, as text exactly as it was put; None when there is none."""
        request = OssRequest("GET", "oss:GetBucketPolicy", bucket, params={"policy": ""})
        try:
            return self._client.send(request).body.decode()
        except NotFound as error:
            if _code(error) == "NoSuchBucketPolicy":
                return None
            raise

    def put_bucket_policy(self, bucket: str, policy: str) -> None:
        """Replace a bucket's policy. OSS knows no condition for that, so read back what became of it."""
        body = policy.encode()
        params = {"policy": ""}
        self._client.send(OssRequest("PUT", "oss:PutBucketPolicy", bucket, params=params, body=body, replaces=True))

    def delete_bucket_policy(self, bucket: str) -> None:
        """Remove a bucket's policy; none there is fine."""
        params = {"policy": ""}
        self._client.send(OssRequest("DELETE", "oss:DeleteBucketPolicy", bucket, params=params, replaces=True))

    # --- replication -------------------------------------------------------------------------------------------------

    def list_rules(self, bucket: str) -> tuple[Rule, ...]:
        """Return the replication rules of a source bucket."""
        request = OssRequest("GET", "oss:GetBucketReplication", bucket, params={"replication": ""})
        try:
            return self._read(request, oss_xml.rules)
        except NotFound as error:
            if _code(error) in NO_RULE_CODES:
                return ()
            raise

    def put_rule(self, bucket: str, spec: RuleSpec) -> str:
        """Create a replication rule and return its id.

        :raises AlreadyExists: the bucket replicates to that destination already, maybe by this very call when its
            answer was lost; list the rules and compare.
        :raises PermissionDenied: the caller lacks a right, or OSS cannot use the role: the service does not tell
            which, and a role made a moment ago may need a little time.
        """
        request = OssRequest(
            "POST",
            "oss:PutBucketReplication",
            bucket,
            params={"replication": "", "comp": "add"},
            body=oss_xml.replication_configuration(spec),
            denied_hint=f"or OSS cannot use role `{spec.role_name}` yet: check its trust policy and both grants",
        )
        answer = self._client.send(request)
        return answer.headers.get("x-oss-replication-rule-id") or self._find_rule(bucket, spec) or spec.id

    def delete_rule(self, bucket: str, rule_id: str) -> None:
        """Ask for a rule's removal; it is ``closing`` for minutes. Rule or bucket gone already is fine."""
        request = OssRequest(
            "POST",
            "oss:DeleteBucketReplication",
            bucket,
            params={"replication": "", "comp": "delete"},
            body=oss_xml.replication_rules(rule_id),
        )
        try:
            self._client.send(request)
        except NotFound:
            return

    def progress(self, bucket: str, rule_id: str) -> Progress | None:
        """Return how far a rule has come; None when the rule does not exist."""
        request = OssRequest(
            "GET",
            "oss:GetBucketReplicationProgress",
            bucket,
            params={"replicationProgress": "", "rule-id": rule_id},
        )
        try:
            return self._read(request, lambda body: oss_xml.progress(body, rule_id))
        except NotFound as error:
            if _code(error) in NO_RULE_CODES:
                return None
            raise

    def locations(self, bucket: str) -> ReplicationLocations:
        """Return where a bucket can be replicated to, and how."""
        request = OssRequest("GET", "oss:GetBucketReplicationLocation", bucket, params={"replicationLocation": ""})
        return self._read(request, oss_xml.locations)

    def set_rtc(self, bucket: str, rule_id: str, enabled: bool) -> None:
        """Switch a rule's replication time control, the only thing about a rule that can be changed."""
        body = oss_xml.rtc_switch(rule_id, enabled)
        self._client.send(OssRequest("PUT", "oss:PutBucketRtc", bucket, params={"rtc": ""}, body=body))

    def _find_rule(self, bucket: str, spec: RuleSpec) -> str | None:
        """Find a new rule's id by its destination: the id in the answer is undocumented."""
        rules = (rule for rule in self.list_rules(bucket) if rule.status != "closing")
        return next((rule.id for rule in rules if rule.destination_bucket == spec.destination_bucket), None)

    # --- other settings of a bucket ----------------------------------------------------------------------------------

    def set_acceleration(self, bucket: str, enabled: bool) -> None:
        """Switch a bucket's transfer acceleration; it takes up to 30 minutes to be effective.

        :raises Conflict: a replication rule uses it.
        """
        request = OssRequest(
            "PUT",
            "oss:PutBucketTransferAcceleration",
            bucket,
            params={"transferAcceleration": ""},
            body=oss_xml.acceleration_switch(enabled),
        )
        self._client.send(request)

    def get_worm(self, bucket: str) -> Retention | None:
        """Return a bucket's retention policy; None when there is none in force."""
        request = OssRequest("GET", "oss:GetBucketWorm", bucket, params={"worm": ""})
        try:
            return self._read(request, oss_xml.retention)
        except NotFound as error:
            if _code(error) == "NoSuchWORMConfiguration":
                return None
            raise

    def get_lifecycle_deletes(self, bucket: str) -> int:
        """Return how many enabled lifecycle rules of a bucket delete objects."""
        request = OssRequest("GET", "oss:GetBucketLifecycle", bucket, params={"lifecycle": ""})
        try:
            return self._read(request, oss_xml.deleting_lifecycle_rules)
        except NotFound as error:
            if _code(error) == "NoSuchLifecycle":
                return 0
            raise


def _code(error: NotFound) -> str:
    return error.answer.code if error.answer else ""
