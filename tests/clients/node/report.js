// What the Node.js clients share: their task from the command line, and their findings as JSON.
'use strict';

const http = require('http');

const task = JSON.parse(process.argv[process.argv.length - 1]);

// A key with every kind of character that clients disagree on how to encode, and its neighbours in order.
const KEYS = ['tour/a b+c&d%20=#?.txt', 'tour/deep/one', 'tour/deep/two', 'tour/hello.txt', 'tour/日本語.txt'];

// Findings by name. A finding that cannot be made is the exception's text, which no test expects.
class Report {
  // refusalOf returns status and code of a client's error.
  constructor(refusalOf) {
    this.refusalOf = refusalOf;
    this.findings = {};
  }

  async find(name, look) {
    try {
      this.findings[name] = await look();
    } catch (error) {
      this.findings[name] = `${error.name}: ${error.message}`;
    }
  }

  async refusal(call) {
    try {
      await call();
    } catch (error) {
      return this.refusalOf(error);
    }
    return 'not refused';
  }

  async refused(name, call) {
    await this.find(name, () => this.refusal(call));
  }

  print() {
    console.log(JSON.stringify(this.findings));
  }
}

// Send a request that is signed by its URL alone; return status and text.
function fetchUrl(url, method = 'GET', body = '') {
  return new Promise((resolve, reject) => {
    const headers = body ? { 'content-length': Buffer.byteLength(body) } : {};
    const request = http.request(url, { method, headers }, answer => {
      const chunks = [];
      answer.on('data', chunk => chunks.push(chunk));
      answer.on('end', () => resolve([answer.statusCode, Buffer.concat(chunks).toString()]));
    });
    request.on('error', reject);
    request.end(body);
  });
}

// Wait until a URL signed for one second is refused; return status and code.
async function expiry(url) {
  const deadline = Date.now() + 5000;
  let [status, text] = await fetchUrl(url);
  while (status === 200 && Date.now() < deadline) {
    await new Promise(resolve => setTimeout(resolve, 50));
    [status, text] = await fetchUrl(url);
  }
  return [status, (/<Code>(.*)<\/Code>/.exec(text) || [])[1]];
}

// Run a client's tour, and print what it found however it ends.
async function run(report, stops) {
  for (const stop of stops) {
    try {
      await stop();
    } catch (error) {
      report.findings[`${stop.name} ended early`] = `${error.name}: ${error.message}`;
    }
  }
  report.print();
  process.exit(0);
}

module.exports = { KEYS, Report, expiry, fetchUrl, run, task };
