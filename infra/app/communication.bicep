// The ACS resource that is there already: the app may send through it.
param name string
param appPrincipalId string

// Azure Communication Services has no role that only sends and takes no custom ones: docs/deploy.md.
var communicationAndEmailServiceOwner = '09976791-48a7-449e-bb21-39d1a415f350'

resource acs 'Microsoft.Communication/communicationServices@2023-04-01' existing = {
  name: name
}

resource appSends 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(acs.id, appPrincipalId, communicationAndEmailServiceOwner)
  scope: acs
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', communicationAndEmailServiceOwner)
  }
}

output endpoint string = 'https://${acs.properties.hostName}'
