// RAM, STS and KMS through any Node.js client; task.module names the adapter below.
'use strict';

const { Report, run, task } = require('./report');

const VERSIONS = { ram: '2015-05-01', sts: '2015-04-01', kms: '2016-01-20' };
const TEA = { ram: '@alicloud/ram20150501', sts: '@alicloud/sts20150401', kms: '@alicloud/kms20160120' };
const lower = name => name[0].toLowerCase() + name.slice(1);

// Each adapter calls an action: product, action, parameters, then key id, secret and security token.
const ADAPTERS = {
  // The core of the vendor's first generation; action and parameters may begin in lower case.
  'pop-core': (product, action, params, accessKeyId, accessKeySecret, securityToken) => {
    const { RPCClient } = require('@alicloud/pop-core');
    const apiVersion = VERSIONS[product];
    const client = new RPCClient({ accessKeyId, accessKeySecret, securityToken, endpoint: task.url, apiVersion });
    const method = action === 'CreateRole' ? 'POST' : 'GET';
    return client.request(lower(action), params, { method });
  },
  // The present generation, with a method for each action.
  tea: async (product, action, params, accessKeyId, accessKeySecret, securityToken) => {
    const sdk = require(TEA[product]);
    const { Config } = require('@alicloud/openapi-client');
    const endpoint = task.url.replace('http://', '');
    const keys = { accessKeyId, accessKeySecret, securityToken: securityToken || undefined };
    const signature = task.signature ? { signatureAlgorithm: task.signature } : {};
    const client = new sdk.default(new Config({ ...keys, endpoint, protocol: 'HTTP', ...signature }));
    const names = Object.fromEntries(Object.entries(params).map(([name, value]) => [lower(name), value]));
    const Request = sdk[`${action}Request`];
    const answer = await client[lower(action)](...(Request ? [new Request(names)] : []));
    // The SDK for KMS is of another make: its answers are the body, and its errors have no status.
    return (answer.body || answer).toMap();
  },
  // aliyun-sdk, of the time before: an object for each product.
  'aliyun-sdk': (product, action, params, accessKeyId, secretAccessKey, securityToken) => {
    const ALY = require('aliyun-sdk');
    const options = { accessKeyId, secretAccessKey, securityToken, endpoint: task.url, apiVersion: VERSIONS[product] };
    const client = new ALY[product.toUpperCase()](options);
    return new Promise((resolve, reject) => {
      // The SDK adds to the parameters that it is given.
      client[lower(action)]({ ...params }, (error, answer) => (error ? reject(error) : resolve(answer)));
    });
  },
};

const call = ADAPTERS[task.module];
// Where each client keeps the status of an error.
const statusOf = ({ statusCode, data, entry }) =>
  statusCode || (data && data.statusCode) || (entry && entry.response.statusCode) || null;
const report = new Report(error => [statusOf(error), error.code]);
const ram = (action, params = {}, key = 'a') => call('ram', action, params, `key-${key}`, `secret-${key}`, '');

const document = statement => JSON.stringify({ Version: '1', Statement: [{ Effect: 'Allow', ...statement }] });
const TRUST = document({ Action: 'sts:AssumeRole', Principal: { Service: ['oss.aliyuncs.com'] } });
const POLICY = document({ Action: 'oss:GetObject', Resource: '*' });
const visitor = { RoleName: 'Visitor' };
const attachment = { PolicyType: 'Custom', PolicyName: 'visitor-policy', RoleName: 'Visitor' };

async function identity(id, secret, token = '') {
  const answer = await call('sts', 'GetCallerIdentity', {}, id, secret, token);
  return [answer.AccountId, answer.IdentityType, answer.Arn];
}

async function identities() {
  await report.find('account', () => identity('key-a', 'secret-a'));
  await report.find('user', () => identity('key-reader', 'secret-reader'));
  await report.find('other_account', async () => (await identity('key-b', 'secret-b'))[0]);
  await report.refused('wrong_secret', () => identity('key-a', 'wrong'));
  await report.refused('unknown_key', () => identity('key-nobody', 'x'));
}

async function roles() {
  const create = { ...visitor, AssumeRolePolicyDocument: TRUST };
  await report.find('role', async () => (await ram('CreateRole', create)).Role.Arn);
  await report.refused('same_role', () => ram('CreateRole', create));
  await report.refused('missing_role', () => ram('GetRole', { RoleName: 'nobody' }));
  await report.refused('bad_trust', () => ram('CreateRole', { RoleName: 'Broken', AssumeRolePolicyDocument: '{' }));
  await report.find('roles', async () => (await ram('ListRoles')).Roles.Role.map(role => role.RoleName).sort());
  await report.refused('denied', () => ram('CreateRole', create, 'reader'));
}

async function policies() {
  await report.find('policy', async () => {
    const made = (await ram('CreatePolicy', { PolicyName: 'visitor-policy', PolicyDocument: POLICY })).Policy;
    return [made.PolicyName, made.PolicyType, made.DefaultVersion];
  });
  await report.find('attached', async () => {
    await ram('AttachPolicyToRole', attachment);
    return (await ram('ListPoliciesForRole', visitor)).Policies.Policy.map(policy => policy.PolicyName);
  });
  await report.refused('attached_twice', () => ram('AttachPolicyToRole', attachment));
  await report.refused('conflict', () => ram('DeleteRole', visitor));
  await ram('DetachPolicyFromRole', attachment);
  await ram('DeletePolicy', { PolicyName: 'visitor-policy' });
  await ram('DeleteRole', visitor);
  await report.refused('gone', () => ram('DeleteRole', visitor));
}

async function sessions() {
  const params = { RoleArn: 'acs:ram::1000000000000001:role/Guest', RoleSessionName: 'tour', DurationSeconds: 900 };
  const assumed = await call('sts', 'AssumeRole', params, 'key-operator', 'secret-operator', '');
  const given = assumed.Credentials;
  await report.find('assumed', () => assumed.AssumedRoleUser.Arn);
  await report.find('session', async () => {
    return (await identity(given.AccessKeyId, given.AccessKeySecret, given.SecurityToken)).slice(0, 2);
  });
}

async function keys() {
  // aliyun-sdk is older than KMS.
  if (task.module === 'aliyun-sdk') return;
  const kms = (action, params) => call('kms', action, params, 'key-a', 'secret-a', '');
  await report.find('kms', async () => {
    const encrypted = await kms('Encrypt', { KeyId: 'alias/tour', Plaintext: 'aGVsbG8=' });
    const decrypted = await kms('Decrypt', { CiphertextBlob: encrypted.CiphertextBlob });
    return [decrypted.Plaintext, (await kms('DescribeKey', { KeyId: 'alias/tour' })).KeyMetadata.KeyState];
  });
  await report.refused('missing_key', () => kms('DescribeKey', { KeyId: 'alias/none' }));
}

async function unknown() {
  if (task.module === 'pop-core') {
    await report.refused('unknown_action', () => call('sts', 'AssumeNothing', {}, 'key-a', 'secret-a', ''));
  }
}

run(report, [identities, roles, policies, sessions, keys, unknown]);
