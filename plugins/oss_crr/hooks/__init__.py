"""The only modules that talk to the cloud. They import its SDKs inside functions, when the first call is made."""
