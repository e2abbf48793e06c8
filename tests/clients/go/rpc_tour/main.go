// aliyungo, a Go client that is not the vendor's: RAM and STS under the old RPC signature.
package main

import (
	"clients/report"
	"sort"

	"github.com/denverdino/aliyungo/common"
	"github.com/denverdino/aliyungo/ram"
	"github.com/denverdino/aliyungo/sts"
)

const (
	trust  = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":["oss.aliyuncs.com"]}}]}`
	policy = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:GetObject","Resource":"*"}]}`
)

var (
	task  = report.ReadTask()
	found = report.New(refusal)
)

type list []interface{}

func refusal(err error) []interface{} {
	if service, ok := err.(*common.Error); ok {
		return list{service.StatusCode, service.Code}
	}
	return list{err.Error()}
}

func connect(id, secret, token string) ram.RamClientInterface {
	return ram.NewClientWithEndpointAndSecurityToken(task.URL, id, secret, token)
}

func identities() {
	account, err := identity("key-a", "secret-a", "")
	found.Find("account", list{account.AccountId, account.IdentityType, account.Arn}, err)
	user, err := identity("key-reader", "secret-reader", "")
	found.Find("user", list{user.AccountId, user.IdentityType, user.Arn}, err)
	other, err := identity("key-b", "secret-b", "")
	found.Find("other_account", other.AccountId, err)
	_, err = identity("key-a", "wrong", "")
	found.Refused("wrong_secret", err)
	_, err = identity("key-nobody", "x", "")
	found.Refused("unknown_key", err)
}

type caller struct {
	common.Response
	AccountId, IdentityType, Arn string
}

// identity asks who a key belongs to. The client's own call for it does not know IdentityType yet.
func identity(id, secret, token string) (caller, error) {
	var answer caller
	client := &common.Client{}
	client.WithEndpoint(task.URL).WithVersion("2015-04-01").WithAccessKeyId(id).WithAccessKeySecret(secret)
	client.WithSecurityToken(token).InitClient()
	err := client.Invoke("GetCallerIdentity", struct{}{}, &answer)
	return answer, err
}

func roles(client ram.RamClientInterface) {
	request := ram.RoleRequest{RoleName: "Visitor", AssumeRolePolicyDocument: trust}
	role, err := client.CreateRole(request)
	found.Find("role", role.Role.Arn, err)
	_, err = client.CreateRole(request)
	found.Refused("same_role", err)
	_, err = client.CreateRole(ram.RoleRequest{RoleName: "Broken", AssumeRolePolicyDocument: "{"})
	found.Refused("bad_trust", err)
	_, err = client.UpdateRole(ram.UpdateRoleRequest{RoleName: "nobody", NewAssumeRolePolicyDocument: trust})
	found.Refused("missing_role", err)
	listed, err := client.ListRoles()
	names := []string{}
	for _, role := range listed.Roles.Role {
		names = append(names, role.RoleName)
	}
	sort.Strings(names)
	found.Find("roles", names, err)
	_, err = connect("key-reader", "secret-reader", "").CreateRole(request)
	found.Refused("denied", err)
}

func policies(client ram.RamClientInterface) {
	made, err := client.CreatePolicy(ram.PolicyRequest{PolicyName: "visitor-policy", PolicyDocument: policy})
	found.Find("policy", list{made.Policy.PolicyName, made.Policy.PolicyType, made.Policy.DefaultVersion}, err)
	attach := ram.AttachPolicyToRoleRequest{
		PolicyRequest: ram.PolicyRequest{PolicyName: "visitor-policy", PolicyType: "Custom"}, RoleName: "Visitor",
	}
	_, err = client.AttachPolicyToRole(attach)
	if err != nil {
		found.Find("attached", nil, err)
		return
	}
	listed, err := client.ListPoliciesForRole(ram.RoleQueryRequest{RoleName: "Visitor"})
	names := []string{}
	for _, policy := range listed.Policies.Policy {
		names = append(names, policy.PolicyName)
	}
	found.Find("attached", names, err)
	_, err = client.AttachPolicyToRole(attach)
	found.Refused("attached_twice", err)
	_, err = client.DeleteRole(ram.RoleQueryRequest{RoleName: "Visitor"})
	found.Refused("conflict", err)
	_, _ = client.DetachPolicyFromRole(attach)
	_, _ = client.DeletePolicy(ram.PolicyRequest{PolicyName: "visitor-policy"})
	_, _ = client.DeleteRole(ram.RoleQueryRequest{RoleName: "Visitor"})
	_, err = client.DeleteRole(ram.RoleQueryRequest{RoleName: "Visitor"})
	found.Refused("gone", err)
}

func sessions() {
	client := &sts.STSClient{}
	client.WithEndpoint(task.URL).WithVersion("2015-04-01").WithAccessKeyId("key-operator")
	client.WithAccessKeySecret("secret-operator").InitClient()
	request := sts.AssumeRoleRequest{
		RoleArn: "acs:ram::1000000000000001:role/Guest", RoleSessionName: "tour", DurationSeconds: 900,
	}
	assumed, err := client.AssumeRole(request)
	found.Find("assumed", assumed.AssumedRoleUser.Arn, err)
	given := assumed.Credentials
	session, err := identity(given.AccessKeyId, given.AccessKeySecret, given.SecurityToken)
	found.Find("session", list{session.AccountId, session.IdentityType}, err)
	found.Refused("unknown_action", client.Invoke("AssumeNothing", struct{}{}, &common.Response{}))
}

func main() {
	client := connect("key-a", "secret-a", "")
	identities()
	roles(client)
	policies(client)
	sessions()
	found.Print()
}
